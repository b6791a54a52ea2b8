//! Rows of matrices: chosen, added, averaged, put below each other. candle does all of this along
//! any dimension and for every type of numbers, which the page's visitors would have to fetch; the
//! towers have f32, and rows.

use candle_core::{Device, Result, Storage, Tensor};

/// Some rows of a matrix, `rows.len() x width`. candle's `index_select` knows three types of
/// indices and all types of numbers, which would be 44 KB of the page's engine.
///
/// # Errors
/// If there is no such row.
pub fn select_rows(xs: &Tensor, rows: &[u32]) -> Result<Tensor> {
    let (count, width) = xs.dims2()?;
    let selected = with_numbers(&xs.contiguous()?, |numbers| {
        let mut selected = Vec::with_capacity(rows.len() * width);
        for &row in rows {
            let row = row as usize;
            if row >= count {
                candle_core::bail!("row {row} of {count}");
            }
            selected.extend_from_slice(&numbers[row * width..][..width]);
        }
        Ok(selected)
    })?;
    Tensor::from_vec(selected, (rows.len(), width), &Device::Cpu)
}

/// The sum of two tensors, of which the second has the first's last dimensions and is added again
/// for each of the others. candle's `broadcast_add` does this for all types of numbers, which would
/// be 17 KB of the page's engine.
///
/// # Errors
/// If the dimensions are others.
pub fn add(xs: &Tensor, ys: &Tensor) -> Result<Tensor> {
    if !xs.dims().ends_with(ys.dims()) || ys.elem_count() == 0 {
        candle_core::bail!("a sum of {:?} and {:?}", xs.dims(), ys.dims());
    }
    let sum = with_numbers(&xs.contiguous()?, |xs| {
        with_numbers(&ys.contiguous()?, |ys| {
            let parts = xs.chunks(ys.len());
            let sums = parts.flat_map(|part| part.iter().zip(ys).map(|(x, y)| x + y));
            Ok(sums.collect::<Vec<f32>>())
        })
    })?;
    Tensor::from_vec(sum, xs.dims(), &Device::Cpu)
}

/// Matrices of one width, one below the other. candle's `cat` does it along any dimension, for all
/// types of numbers.
///
/// # Errors
/// If their widths differ, or there are none.
pub fn stack_rows(matrices: &[&Tensor]) -> Result<Tensor> {
    let width = matrices.first().map_or(Ok(0), |first| first.dim(1))?;
    let mut stacked = Vec::new();
    for matrix in matrices {
        if matrix.dims2()?.1 != width {
            candle_core::bail!("a matrix of {:?} below one of width {width}", matrix.dims());
        }
        with_numbers(&matrix.contiguous()?, |numbers| {
            stacked.extend_from_slice(numbers);
            Ok(())
        })?;
    }
    let rows = stacked.len().checked_div(width);
    let rows = rows.ok_or_else(|| candle_core::Error::msg("no matrix to put below another"))?;
    Tensor::from_vec(stacked, (rows, width), &Device::Cpu)
}

/// The mean of a matrix' rows, `1 x width`.
///
/// # Errors
/// If it is none.
pub fn mean_row(xs: &Tensor) -> Result<Tensor> {
    let (rows, width) = xs.dims2()?;
    let mean = with_numbers(&xs.contiguous()?, |numbers| {
        let mut mean = vec![0.0; width];
        for row in numbers.chunks(width) {
            mean.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        mean.iter_mut().for_each(|sum| *sum /= rows as f32);
        Ok(mean)
    })?;
    Tensor::from_vec(mean, (1, width), &Device::Cpu)
}

/// Does something with the numbers of a contiguous tensor.
pub(super) fn with_numbers<T>(xs: &Tensor, work: impl FnOnce(&[f32]) -> Result<T>) -> Result<T> {
    let (storage, layout) = xs.storage_and_layout();
    let Storage::Cpu(storage) = &*storage else {
        candle_core::bail!("a tensor that is not in memory");
    };
    let Some((begin, end)) = layout.contiguous_offsets() else {
        candle_core::bail!("a tensor that is not contiguous: {layout:?}");
    };
    work(&storage.as_slice::<f32>()?[begin..end])
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn numbers(dims: &[usize]) -> Tensor {
        let count = dims.iter().product::<usize>() as u32;
        let numbers: Vec<f32> = (0..count).map(|n| n as f32).collect();
        Tensor::from_vec(numbers, dims, &Device::Cpu).unwrap()
    }

    #[test]
    fn rows_are_selected_as_candle_does() {
        let xs = numbers(&[5, 3]);
        let rows = [4u32, 0, 0, 2];
        let expected = xs.index_select(&Tensor::new(&rows, &Device::Cpu).unwrap(), 0);
        let expected: Vec<Vec<f32>> = expected.unwrap().to_vec2().unwrap();
        let selected = select_rows(&xs, &rows).unwrap();
        assert_eq!(selected.to_vec2::<f32>().unwrap(), expected);
        let transposed = select_rows(&xs.t().unwrap(), &[2]).unwrap();
        assert_eq!(
            transposed.to_vec2::<f32>().unwrap(),
            [[2.0, 5.0, 8.0, 11.0, 14.0]]
        );
        assert!(select_rows(&xs, &[5]).is_err());
    }

    #[test]
    fn stacks_and_means_are_candles() {
        let (xs, ys) = (numbers(&[3, 4]), numbers(&[2, 4]));
        let expected = Tensor::cat(&[&xs, &ys], 0).unwrap();
        let stacked = stack_rows(&[&xs, &ys]).unwrap();
        assert_eq!(
            stacked.to_vec2::<f32>().unwrap(),
            expected.to_vec2::<f32>().unwrap()
        );
        assert!(stack_rows(&[&xs, &numbers(&[2, 3])]).is_err());
        assert!(stack_rows(&[]).is_err());
        let mean = mean_row(&xs).unwrap();
        assert_eq!(mean.to_vec2::<f32>().unwrap(), [[4.0, 5.0, 6.0, 7.0]]);
    }

    #[test]
    fn sums_are_candles() {
        let xs = numbers(&[2, 3, 4]);
        for dims in [&[2, 3, 4][..], &[3, 4], &[4]] {
            let ys = numbers(dims);
            let expected = xs.broadcast_add(&ys).unwrap().flatten_all().unwrap();
            let sum = add(&xs, &ys).unwrap();
            assert_eq!(sum.dims(), xs.dims());
            let sum = sum.flatten_all().unwrap();
            assert_eq!(
                sum.to_vec1::<f32>().unwrap(),
                expected.to_vec1::<f32>().unwrap()
            );
        }
        assert!(add(&xs, &numbers(&[3])).is_err());
        assert!(add(&xs, &numbers(&[2, 3])).is_err());
    }
}
